export { DatabaseConversations, type DatabaseConversationsOptions } from "./database-conversations.js";
